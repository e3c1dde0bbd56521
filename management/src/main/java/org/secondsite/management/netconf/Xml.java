package org.secondsite.management.netconf;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.secondsite.net.PeerText;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.ErrorHandler;
import org.xml.sax.SAXException;
import org.xml.sax.SAXParseException;

/** XML as NETCONF has it: without document types (RFC 6241 §3), so without entities, and no deeper than a configuration is. */
final class Xml {
    /** RFC 6241's. */
    static final String BASE = "urn:ietf:params:xml:ns:netconf:base:1.0";

    private static final int MAX_DEPTH = 64;

    private Xml() {}

    /** Not told on the standard error output, as the parser would do. */
    private static final class Strict implements ErrorHandler {
        @Override
        public void warning(SAXParseException e) {
            // What is only odd is taken.
        }

        @Override
        public void error(SAXParseException e) throws SAXException {
            throw e;
        }

        @Override
        public void fatalError(SAXParseException e) throws SAXException {
            throw e;
        }
    }

    /**
     * The root of a document.
     *
     * @throws RpcException if it is none
     */
    static Element parsed(byte[] text) throws RpcException {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setNamespaceAware(true);
            factory.setExpandEntityReferences(false);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            factory.setAttribute("jdk.xml.maxElementDepth", Integer.toString(MAX_DEPTH));
            DocumentBuilder builder = factory.newDocumentBuilder();
            builder.setErrorHandler(new Strict());
            return builder.parse(new ByteArrayInputStream(text)).getDocumentElement();
        } catch (SAXException | IOException e) {
            throw RpcException.protocol(
                    RpcException.Tag.MALFORMED_MESSAGE, "this is no XML of NETCONF: " + PeerText.line(e.getMessage()));
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException("every Java has that", e);
        }
    }

    static List<Element> children(Element of) {
        List<Element> children = new ArrayList<>();
        for (Node node = of.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element) {
                children.add(element);
            }
        }
        return children;
    }

    static Optional<Element> child(Element of, String name) {
        return children(of).stream()
                .filter(child -> name.equals(child.getLocalName()))
                .findFirst();
    }

    /** The text of a child that has nothing but text. */
    static Optional<String> text(Element of, String child) {
        return child(of, child).map(found -> found.getTextContent().strip());
    }

    static String written(Node node) {
        try {
            Transformer transformer = TransformerFactory.newInstance().newTransformer();
            transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            transformer.transform(new DOMSource(node), new StreamResult(out));
            return out.toString(StandardCharsets.UTF_8);
        } catch (TransformerException e) {
            throw new IllegalStateException("a tree can be written", e);
        }
    }

    static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
