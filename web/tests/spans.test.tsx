import { render } from "@testing-library/preact";
import { describe, expect, test } from "vitest";
import { safeAddress, Spans } from "../src/features/room/spans";

describe("formatted text", () => {
  test("draws every kind of block and span as its element", () => {
    const { container } = render(
      <Spans
        content={{
          spans: [
            { t: "p", spans: [{ t: "text", text: "a " }, { t: "b", spans: [{ t: "i", spans: [{ t: "text", text: "both" }] }] }, { t: "s", spans: [{ t: "text", text: "gone" }] }] },
            { t: "quote", spans: [{ t: "text", text: "said" }] },
            { t: "list", items: [[{ t: "text", text: "one" }], [{ t: "code", text: "two" }]] },
            { t: "code", text: "x < y" },
          ],
        }}
      />,
    );
    expect(container.querySelector("strong > em")?.textContent).toBe("both");
    expect(container.querySelector("s")?.textContent).toBe("gone");
    expect(container.querySelector("blockquote")?.textContent).toBe("said");
    expect([...container.querySelectorAll("li")].map((item) => item.textContent)).toEqual(["one", "two"]);
    expect(container.querySelector("pre")?.textContent).toBe("x < y");
  });

  test("markup in a text stays text", () => {
    const { container } = render(<Spans content={{ text: "<img src=x onerror=alert(1)>" }} />);
    expect(container.querySelector("img")).toBeNull();
    expect(container.textContent).toBe("<img src=x onerror=alert(1)>");
  });

  test("every block finds its own direction", () => {
    const { container } = render(<Spans content={{ text: "مرحبا" }} />);
    expect(container.querySelector("p")?.getAttribute("dir")).toBe("auto");
  });

  test("only addresses of the web become links", () => {
    const { container } = render(
      <Spans content={{ spans: [{ t: "p", spans: [{ t: "link", text: "bad", href: "javascript:alert(1)" }, { t: "link", text: "good", href: "https://example.org/" }] }] }} />,
    );
    const links = [...container.querySelectorAll("a")];
    expect(links.map((link) => link.textContent)).toEqual(["good"]);
    expect(links[0]?.rel).toContain("noopener");
    expect(safeAddress("data:text/html,x")).toBe(false);
    expect(safeAddress(undefined)).toBe(false);
  });

  test("kinds of a later release show their words", () => {
    const { container } = render(<Spans content={{ spans: [{ t: "table", spans: [{ t: "glow", text: "new" }] }] }} />);
    expect(container.textContent).toBe("new");
  });
});
