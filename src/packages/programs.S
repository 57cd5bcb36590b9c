/* The Python that fetches on the host, and unpacks and builds in containers, as bytes that end in NUL. */
	.section .rodata
	.global pysandbox_fetch_program
	.global pysandbox_unpack_program
	.global pysandbox_build_program
	.hidden pysandbox_fetch_program
	.hidden pysandbox_unpack_program
	.hidden pysandbox_build_program
pysandbox_fetch_program:
	.incbin FETCH
	.byte 0
pysandbox_unpack_program:
	.incbin UNPACK
	.byte 0
pysandbox_build_program:
	.incbin BUILD
	.byte 0
	.section .note.GNU-stack,"",%progbits
