/* The Python that runs before a program, as bytes that end in NUL. */
	.section .rodata
	.global pysandbox_bootstrap
	.global pysandbox_report
	.hidden pysandbox_bootstrap
	.hidden pysandbox_report
pysandbox_bootstrap:
	.incbin BOOTSTRAP
	.byte 0
pysandbox_report:
	.incbin REPORT
	.byte 0
	.section .note.GNU-stack,"",%progbits
