/* The programs pysandbox-init and pysandbox-steward, and the library of zygotes, as bytes. */
	.macro image name, file
	.balign 4096
	.global \name\()_begin
	.global \name\()_end
	.hidden \name\()_begin
	.hidden \name\()_end
\name\()_begin:
	.incbin "\file"
\name\()_end:
	.endm

	.section .rodata
	image pysandbox_init_image, INIT_IMAGE
	image pysandbox_zygote_image, ZYGOTE_IMAGE
	image pysandbox_steward_image, STEWARD_IMAGE
	.section .note.GNU-stack,"",%progbits
