/* The Python that runs before a program or beside it, as bytes that end in NUL. */
	.macro python name, file
	.global \name
	.hidden \name
\name:
	.incbin "\file"
	.byte 0
	.endm

	.section .rodata
	python pysandbox_bootstrap, BOOTSTRAP
	python pysandbox_report, REPORT
	python pysandbox_figures, FIGURES
	python pysandbox_zygote, ZYGOTE
	.section .note.GNU-stack,"",%progbits
