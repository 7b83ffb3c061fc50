"""mailsight: who read what.

The folders are layers, the file names are the stages of the data:

    core         what is true about mail; pure
    storage      the same nouns in DynamoDB
    gateways     the rest of the world: SES, SQS, S3, and the event log of the hot path
    flow         the order in which things happen
    entrypoints  one file, one Lambda cold start
    web          pages

Imports point down only: entrypoints -> flow -> storage, gateways -> core, and web -> core.
"""
