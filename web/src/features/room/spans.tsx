import type { ComponentChildren } from "preact";
import type { Block, Content, Inline } from "../../core/types";

/** A text as the server understood it: nodes from data, never HTML. Unknown kinds show their words. */
export function Spans({ content }: { content: Content }) {
  const blocks = content.spans?.length ? content.spans : [{ t: "p", spans: [{ t: "text", text: content.text ?? "" }] }];
  return (
    <div class="body">
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: { block: Block }) {
  switch (block.t) {
    case "quote":
      return <blockquote dir="auto">{inlines(block.spans)}</blockquote>;
    case "code":
      return (
        <pre dir="auto">
          <code>{block.text ?? ""}</code>
        </pre>
      );
    case "list":
      return (
        <ul dir="auto">
          {(block.items ?? []).map((item, index) => (
            <li key={index} dir="auto">
              {inlines(item)}
            </li>
          ))}
        </ul>
      );
    default:
      return <p dir="auto">{block.spans ? inlines(block.spans) : block.text}</p>;
  }
}

function inlines(nodes: readonly Inline[] | undefined): ComponentChildren {
  return (nodes ?? []).map((node, index) => <InlineView key={index} node={node} />);
}

function InlineView({ node }: { node: Inline }) {
  const inner = node.spans ? inlines(node.spans) : node.text;
  switch (node.t) {
    case "b":
      return <strong>{inner}</strong>;
    case "i":
      return <em>{inner}</em>;
    case "s":
      return <s>{inner}</s>;
    case "code":
      return <code dir="ltr">{node.text}</code>;
    case "mention":
      return <bdi class="mention">{inner}</bdi>;
    case "link":
      return safeAddress(node.href) ? (
        <a href={node.href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
          {node.text ?? node.href}
        </a>
      ) : (
        <>{node.text ?? node.href}</>
      );
    default:
      return <>{inner}</>;
  }
}

/** Only the web: a link may not run anything, whatever it claims to be. */
export function safeAddress(href: string | undefined): boolean {
  try {
    return ["https:", "http:"].includes(new URL(href ?? "").protocol);
  } catch {
    return false;
  }
}
