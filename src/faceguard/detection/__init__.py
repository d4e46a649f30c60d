"""Frame -> Detection. `tiers.create_detector` gives a detector by the name of its plan.

A plan is a list of passes (network, scale); `network` knows the three model families (`yunet`, `retinaface`,
`centerface`), `merge` makes one list of all finds.
"""
