"""Face -> AgeEstimate | AgeUnknown. The answer is never a bare number, and doubt lowers it.

crop, align        how much of the frame is needed; the upright square for each network
quality            when not to answer
looks              the networks
observe            crop to looks, for estimating and calibrating alike
calibration        what was measured, as a file, and the estimate under it
estimator          the stage
aggregate          one answer for a track
labelled, calibrate, fit, intervals    labelled pictures to a calibration
"""
