/// The cases of the contracts, once a program.
#include <tests/tlm/contract_cases.h>
#include <tests/tlm/foreign_host_cases.h>
