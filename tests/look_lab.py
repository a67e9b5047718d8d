"""What can be seen to be wrong with a page without knowing what it says: JavaScript, each gives a list of findings."""

# Text less readable than WCAG 2 asks for (4.5:1, large text 3:1), with what lies behind it laid over each other.
PALE = """() => {
  const parse = colour => { const m = colour.match(/[\\d.]+/g).map(Number); return [m[0], m[1], m[2], m[3] ?? 1]; };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const linear = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const place = walker.currentNode.parentElement, words = walker.currentNode.textContent.trim();
    const shown = place.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    const box = place.getBoundingClientRect();
    if (!/[\\p{L}\\p{N}]/u.test(words) || !shown || box.width < 2 || box.height < 2) continue;
    if (place.closest("svg, table, style, :disabled, [data-testid=stIconMaterial]")) continue;
    const chain = [];
    let opacity = 1;
    for (let each = place; each; each = each.parentElement) {
      chain.unshift(parse(getComputedStyle(each).backgroundColor));
      opacity *= getComputedStyle(each).opacity;
    }
    const back = chain.reduce((below, colour) => over(colour, below), [255, 255, 255, 1]);
    const style = getComputedStyle(place), ink = parse(style.color), size = parseFloat(style.fontSize);
    ink[3] *= opacity;
    const [high, low] = [light(over(ink, back)), light(back)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)}: ${words.slice(0, 60)}`);
  }
  return [...new Set(found)];
}"""

# Words of which a part can't be seen: cut off by their box or beyond the window. What scrolls by itself is a table.
CUT = """() => {
  const found = [];
  for (const place of document.querySelectorAll("body *")) {
    if (!place.checkVisibility() || place.closest("svg, .stDataFrame, [data-testid=stSkipToContent]")) continue;
    const own = [...place.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    const words = place.textContent.trim().slice(0, 60), right = place.getBoundingClientRect().right;
    const hides = getComputedStyle(place).overflowX !== "visible" && place.clientWidth > 1;
    if (words && hides && place.scrollWidth > place.clientWidth + 1) found.push(`cut: ${words}`);
    if (own && place.clientWidth > 1 && right > innerWidth + 1) found.push(`outside: ${words}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page can be scrolled sideways");
  return [...new Set(found)];
}"""

# Axes of charts that say the same of two places.
TWICE = """() => [...document.querySelectorAll("svg .role-axis-label")].map(axis => [...axis.querySelectorAll("text")]
  .filter(text => text.getAttribute("opacity") !== "0" && text.textContent.trim()).map(text => text.textContent))
  .filter(labels => new Set(labels).size < labels.length).map(labels => labels.join(" | "))"""

# Pictures in one row with less than 4 pixels between them.
TOUCHING = """() => [...document.querySelectorAll(".stImage")].flatMap(row => {
  const boxes = [...row.querySelectorAll("img")].map(picture => picture.getBoundingClientRect());
  return boxes.slice(1).map((box, place) => [box, boxes[place]])
    .filter(([box, before]) => box.top === before.top && box.left - before.right < 4).map(([box]) => `at ${box.left}`);
})"""

# What does not fit the width of the page that is printed, or would print a scroll bar.
BEYOND_PAPER = """() => [...document.querySelectorAll("body *")].filter(place =>
    place.getBoundingClientRect().right > innerWidth + 0.5 || ["auto", "scroll"].includes(getComputedStyle(place).overflowX)
    || (place.clientWidth && place.scrollWidth > place.clientWidth + 1))
  .map(place => `${place.tagName} ${place.textContent.trim().slice(0, 40)}`)"""
