/* The Python that fetches wheels on the host and unpacks them in containers, as bytes that end in NUL. */
	.section .rodata
	.global pysandbox_fetch_program
	.global pysandbox_unpack_program
	.hidden pysandbox_fetch_program
	.hidden pysandbox_unpack_program
pysandbox_fetch_program:
	.incbin FETCH
	.byte 0
pysandbox_unpack_program:
	.incbin UNPACK
	.byte 0
	.section .note.GNU-stack,"",%progbits
