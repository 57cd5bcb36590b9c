/* The program pysandbox-init, as bytes. */
	.section .rodata
	.balign 4096
	.global pysandbox_init_image_begin
	.global pysandbox_init_image_end
	.hidden pysandbox_init_image_begin
	.hidden pysandbox_init_image_end
pysandbox_init_image_begin:
	.incbin INIT_IMAGE
pysandbox_init_image_end:
	.section .note.GNU-stack,"",%progbits
