"""Means of each measurement for each species of iris.

Reads iris.csv beside it (Fisher, R. A., "The use of multiple measurements in
taxonomic problems", Annals of Eugenics 7, 1936); writes output.txt and
summary.json. Needs nothing but the standard library.
"""
import csv
import json
from statistics import fmean

MEASUREMENTS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]

with open("iris.csv", newline="") as file:
    flowers = list(csv.DictReader(file))

by_species = {}
for flower in flowers:
    by_species.setdefault(flower["species"], []).append(flower)

summary = {
    "rows": len(flowers),
    "species": {
        species: {
            "count": len(group),
            "mean": {name: round(fmean(float(flower[name]) for flower in group), 3) for name in MEASUREMENTS},
        }
        for species, group in sorted(by_species.items())
    },
}

header = f"{'species':12}" + "".join(f"{name:>14}" for name in MEASUREMENTS)
lines = [header] + [
    f"{species:12}" + "".join(f"{entry['mean'][name]:14.3f}" for name in MEASUREMENTS)
    for species, entry in summary["species"].items()
]

print(f"{len(flowers)} flowers of {len(by_species)} species")
print("\n".join(lines))

with open("output.txt", "w") as file:
    file.write("\n".join(lines) + "\n")
with open("summary.json", "w") as file:
    json.dump(summary, file, indent=2)
