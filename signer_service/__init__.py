"""The signer: mints presigned URLs for what a grant and its caller's own token both allow.

Read it in the order a request takes: app, countersigner, then grants, schemas, policy, proofs, replay, audit, signing,
presign. It holds the S3 identities and reaches nothing: everything that changes comes to it as a file.
"""
