/* Each function is a jump to where load_libraries() found it. */
	.bss
	.balign 8
	.global pysandbox_late_functions
	.hidden pysandbox_late_functions
pysandbox_late_functions:
#define LATE(name) .Lplace_of_##name: .quad 0;
#include "late_functions.inc"
#undef LATE

	.text
#define LATE(name) .global name; .hidden name; .type name, @function; name: endbr64; jmp *.Lplace_of_##name(%rip); .size name, . - name;
#include "late_functions.inc"
#undef LATE
	.section .note.GNU-stack,"",%progbits
