# SPDX-License-Identifier: Apache-2.0
"""The parts of perf/report: plan (what is measured), run (measuring and keeping), compare (two sets of results), charts
(SVG), page (HTML) and terminal (the summary).
"""
