# leaves: figure-001.png line.png line.svg
# PNG and SVG with fonts, and a figure that is shown and not saved.
import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.plot([1, 2, 3], [1, 4, 9], label="squares: äöü ∑")
axes.set_title("A title")
axes.legend()
figure.savefig("line.png")
figure.savefig("line.svg")
plt.close(figure)
assert open("line.png", "rb").read(8) == b"\x89PNG\r\n\x1a\n"
assert "<svg" in open("line.svg").read()
plt.bar(["a", "b"], [1, 2])
plt.show()
print("works")
