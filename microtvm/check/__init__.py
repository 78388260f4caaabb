# SPDX-License-Identifier: Apache-2.0
"""The conformance kit: does a directory with a Project API server keep the Project API's promises?

`clause` says what a clause is, `clauses/` holds them one file per group, `workbench` is what they
work with, `runner` runs them and `report` tells. Nothing is imported before it is used: the pytest
plugin lives here and costs nothing where nobody asks for it.
"""
