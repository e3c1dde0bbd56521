package org.secondsite.management.netconf;

import java.util.ArrayList;
import java.util.List;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** Takes what nobody asked for out of a tree (RFC 6241 §6). */
final class SubtreeFilter {
    private SubtreeFilter() {}

    /** Leaves of a root's children what one of the filter's children asks for. */
    static void prune(Element root, Element filter) {
        List<Element> wanted = Xml.children(filter);
        for (Element child : Xml.children(root)) {
            if (!keeps(child, named(child, wanted))) {
                root.removeChild(child);
            }
        }
    }

    private static List<Element> named(Element node, List<Element> wanted) {
        return wanted.stream().filter(filter -> isOf(filter, node)).toList();
    }

    private static boolean isOf(Element filter, Element node) {
        String namespace = filter.getNamespaceURI();
        // RFC 6241 §6.2.1: without a namespace it means any; clients have the protocol's as a default where they do not
        // think of it.
        return filter.getLocalName().equals(node.getLocalName())
                && (namespace == null || namespace.equals(Xml.BASE) || namespace.equals(node.getNamespaceURI()));
    }

    /** Each filter by itself would keep a part of it; it keeps what any of them does. */
    private static boolean keeps(Element node, List<Element> filters) {
        List<Element> matching = new ArrayList<>();
        boolean whole = false;
        for (Element filter : filters) {
            List<Element> inner = Xml.children(filter);
            boolean matches = true;
            boolean selects = false;
            for (Element child : inner) {
                if (isContentMatch(child)) {
                    matches &= has(node, child);
                } else {
                    selects = true;
                }
            }
            if (matches) {
                whole |= !selects;
                matching.add(filter);
            }
        }
        if (matching.isEmpty()) {
            return false;
        }
        return whole || pruned(node, matching);
    }

    private static boolean pruned(Element node, List<Element> filters) {
        List<Element> wanted = new ArrayList<>();
        filters.forEach(filter -> wanted.addAll(Xml.children(filter)));
        boolean selected = false;
        for (Element child : Xml.children(node)) {
            List<Element> named = named(child, wanted);
            boolean content = named.stream().anyMatch(filter -> isContentMatch(filter) && isEqual(filter, child));
            List<Element> selecting =
                    named.stream().filter(filter -> !isContentMatch(filter)).toList();
            boolean kept = !selecting.isEmpty() && keeps(child, selecting);
            selected |= kept;
            if (!content && !kept) {
                node.removeChild(child);
            }
        }
        return selected;
    }

    /** §6.2.5: a leaf with text. */
    private static boolean isContentMatch(Element filter) {
        return Xml.children(filter).isEmpty() && !filter.getTextContent().isBlank();
    }

    private static boolean has(Element node, Element filter) {
        for (Node child = node.getFirstChild(); child != null; child = child.getNextSibling()) {
            if (child instanceof Element element && isOf(filter, element) && isEqual(filter, element)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isEqual(Element filter, Element node) {
        return filter.getTextContent().strip().equals(node.getTextContent().strip());
    }
}
