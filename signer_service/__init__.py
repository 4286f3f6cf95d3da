"""The signer: mints presigned URLs for what a grant and its caller's own token both allow.

Read it in the order a request takes: routes, schemas, grants, policy, callers and receipts, replay, audit, presign.
It holds the S3 identities and reaches nothing: everything that changes comes to it as a file.
"""
