/* The description of the API, as bytes. */
	.section .rodata
	.global pysandbox_openapi
	.global pysandbox_openapi_end
	.hidden pysandbox_openapi
	.hidden pysandbox_openapi_end
pysandbox_openapi:
	.incbin OPENAPI
pysandbox_openapi_end:
	.byte 0
	.section .note.GNU-stack,"",%progbits
