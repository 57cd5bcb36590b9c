/* The test build of pysandbox-init, as bytes. */
	.section .rodata
	.balign 4096
	.global pysandbox_weak_init_begin
	.global pysandbox_weak_init_end
pysandbox_weak_init_begin:
	.incbin INIT_IMAGE
pysandbox_weak_init_end:
	.section .note.GNU-stack,"",%progbits
