/* SPDX-License-Identifier: Apache-2.0 */
/* What every source file of the proof build begins with. */
#include "nie/granule.h"
#include "nie/hw.h"
#include "nie/irq.h"
#include "nie/measure.h"
#include "nie/psci.h"
#include "nie/rsi.h"
#include "nie/run.h"
#include "nie/sha256.h"
#include "nie/table.h"
#include "nie/view.h"
#include "nie/vmid.h"
#include "logic.h"
