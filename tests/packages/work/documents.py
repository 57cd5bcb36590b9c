# leaves: book.xlsx image.png
# Pillow, openpyxl, lxml, BeautifulSoup; requests without a network says so and does not hang.
import openpyxl
import requests
from bs4 import BeautifulSoup
from lxml import etree
from PIL import Image, ImageDraw, ImageFont

image = Image.new("RGB", (64, 32), "white")
ImageDraw.Draw(image).text((2, 2), "text", fill="black", font=ImageFont.load_default())
image.save("image.png")
assert Image.open("image.png").size == (64, 32)
book = openpyxl.Workbook()
book.active["A1"] = 42
book.save("book.xlsx")
assert openpyxl.load_workbook("book.xlsx").active["A1"].value == 42
assert etree.fromstring("<a><b>1</b></a>").xpath("string(/a/b)") == "1"
assert BeautifulSoup("<p>one<p>two", "lxml").find_all("p")[1].text == "two"
try:
    requests.get("http://127.0.0.1:1/", timeout=5)
    raise SystemExit("there is a network")
except requests.exceptions.RequestException:
    pass
print("works")
