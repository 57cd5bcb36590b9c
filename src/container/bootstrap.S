/* The bootstrap that the interpreter runs first, as bytes. */
	.section .rodata
	.global pysandbox_bootstrap_begin
	.global pysandbox_bootstrap_end
	.hidden pysandbox_bootstrap_begin
	.hidden pysandbox_bootstrap_end
pysandbox_bootstrap_begin:
	.incbin BOOTSTRAP
	.byte 0
pysandbox_bootstrap_end:
	.section .note.GNU-stack,"",%progbits
