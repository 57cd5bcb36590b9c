/* The Python of process 1, as bytes that end in NUL. */
	.section .rodata
	.global pysandbox_keeper
	.hidden pysandbox_keeper
pysandbox_keeper:
	.incbin KEEPER
	.byte 0
	.section .note.GNU-stack,"",%progbits
