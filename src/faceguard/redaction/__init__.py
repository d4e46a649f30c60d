"""Decision -> pixels: which region to cover, how to cover it, and the proof that it was covered.

coverage   how much of the picture belongs to a head
planes     what a region is in each plane of a frame
solid, inpaint, mosaic, blur   one method for each file
registry   methods by name, and what each can be trusted to do
check      whether a written picture is covered where it had to be
preview    boxes and reasons on a copy that is already redacted
"""
