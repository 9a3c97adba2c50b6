"""Documents and tables of the standard that lie beside the project on some machines; where they are not, there is nothing to go through."""

from __future__ import annotations

from pathlib import Path

REFERENCE = Path(__file__).parents[4] / "shared" / "reference"
SAMPLES = sorted(REFERENCE.glob("dfc-samples/*.json"))
PLATFORMS = sorted(REFERENCE.glob("dfc-data/ofn/*.json"))
SUITE = sorted(REFERENCE.glob("dfc-data/unit-test-suite/*/*.jsonld"))
CONTEXTS = sorted(REFERENCE.glob("dfc-data/contexts/*.json"))
ONTOLOGIES = sorted(REFERENCE.glob("dfc-data/ontology/*.rdf"))
TAXONOMIES = sorted(REFERENCE.glob("dfc-data/taxonomies/*-1.3.0.json"))
SCOPES = sorted(REFERENCE.glob("dfc-data/taxonomies/scopes.json"))
DESCRIPTIONS = sorted(REFERENCE.glob("dfc-data/api/*.yaml"))
DOCUMENTS = [*SAMPLES, *PLATFORMS, *SUITE]
