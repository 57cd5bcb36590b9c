# leaves: out.csv out.json out.xlsx
# CSV, grouping, Excel through openpyxl, JSON, SQLite.
import io
import sqlite3

import pandas as pd

table = pd.read_csv(io.StringIO("name,day,value\na,2024-01-01,1.5\nb,2024-01-02,2.5\na,2024-01-03,3\n"), parse_dates=["day"])
assert table.groupby("name").value.sum().to_dict() == {"a": 4.5, "b": 2.5}
assert table.set_index("day").resample("2D").value.sum().tolist() == [4.0, 3.0]
table.to_csv("out.csv", index=False)
table.to_json("out.json", orient="records")
table.to_excel("out.xlsx", index=False)
assert pd.read_excel("out.xlsx").value.tolist() == [1.5, 2.5, 3.0]
with sqlite3.connect(":memory:") as database:
    table.to_sql("t", database, index=False)
    assert database.execute("SELECT count(*) FROM t").fetchone() == (3,)
try:
    import pyarrow  # not in the set, but somebody may have added it
    table.to_parquet("out.parquet")
except ImportError:
    pass
print("works")
