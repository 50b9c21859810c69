#include <tests/sc_main.h>
