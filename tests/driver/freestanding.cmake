# The driver as firmware takes it: at every level of optimisation, linked with nothing. A function that it would need of a
# library fails the link; compilers call memset and memcpy on their own where a driver is careless.
function(cimtlm_freestanding name compiler)
  foreach(level 0 1 2 3 s)
    add_test(NAME driver_freestanding.${name}_O${level}
             COMMAND ${compiler} -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Werror -ffreestanding -nostdlib
                     -fno-stack-protector -O${level} ${ARGN} ${PROJECT_SOURCE_DIR}/driver/cim_driver.c
                     -o ${CMAKE_CURRENT_BINARY_DIR}/cim_driver_${name}_O${level})
  endforeach()
endfunction()

cimtlm_freestanding(host ${CMAKE_C_COMPILER} -shared -fPIC -Wl,--no-undefined)
find_program(CIMTLM_RISCV_GCC NAMES riscv64-unknown-elf-gcc riscv64-elf-gcc riscv-none-elf-gcc)
if(CIMTLM_RISCV_GCC)
  cimtlm_freestanding(rv32 ${CIMTLM_RISCV_GCC} -march=rv32imac -mabi=ilp32 -Wl,-e,0)
  cimtlm_freestanding(rv64 ${CIMTLM_RISCV_GCC} -march=rv64imac -mabi=lp64 -Wl,-e,0)
endif()
