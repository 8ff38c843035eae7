# SPDX-License-Identifier: Apache-2.0
# nie_system(NAME DESCRIPTION): the image of a system, ${CMAKE_BINARY_DIR}/systems/NAME/nie.img, with
# all that it is made of beside it: target system-NAME. Built again when the description or something that
# it names changes. tools/nie runs the same command for any description.
function(nie_system name description)
  set(out ${CMAKE_BINARY_DIR}/systems/${name})
  file(GLOB tooling CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/capdl/*.py
       ${CMAKE_SOURCE_DIR}/capdl/templates/*.j2)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/systems)
  add_custom_command(OUTPUT ${out}/nie.img
    COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${CMAKE_SOURCE_DIR} ${Python3_EXECUTABLE} -m capdl.build
            --system ${description} --build ${CMAKE_BINARY_DIR} --out ${out} --cache ${NIE_CACHE}
            --depfile ${out}.d
    DEPFILE ${out}.d
    DEPENDS ${description} ${tooling} ${CMAKE_BINARY_DIR}/capdl-init.json
            ${CMAKE_SOURCE_DIR}/configs/platforms/${NIE_PLATFORM}.yaml
            $<TARGET_OBJECTS:capdl_init> nie kernel host-vmm guests
    COMMENT "System ${name}" VERBATIM)
  add_custom_target(system-${name} DEPENDS ${out}/nie.img)
endfunction()
