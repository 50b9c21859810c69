#include "sc_main.h"
