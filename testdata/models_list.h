/* Models made by code; those with a text beside them, NAME.txt, are made from that. README.md
 * says what each is. */
MODEL(tiny_depthwise)
MODEL(tiny_detector)
MODEL(tiny_external)
MODEL(tiny_fp16)
MODEL(tiny_int4)
MODEL(tiny_metadata)
MODEL(tiny_noncanonical)
MODEL(tiny_payloads)
MODEL(tiny_qdq)
MODEL(tiny_residual)
MODEL(tiny_transformer_decomposed)
MODEL(tiny_transformer_fused)
