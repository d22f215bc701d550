"""Plans between which one may choose: what quality costs in time of the array.

``source``: statistics of a model flow in. ``front``: plans, none of which is slower and worse than another.
``chart``: them as a picture. ``command``: ``mixdit search``, which writes them.
"""
