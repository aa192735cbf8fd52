"""The dense network: one tower, heads for planes, masks, boxes, keypoints and quality."""
