"""Pure folds: from a plan and the events of its run to what people and programs read.

``summary.summarise`` makes the Report; ``text``, ``markdown``, ``junit`` and ``json_view`` render it. ``plan_text`` and
``json_view.plan_json`` render a plan before it is run.
"""
