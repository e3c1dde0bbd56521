package org.secondsite.management.netconf;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.opendaylight.yangtools.yang.common.QName;
import org.opendaylight.yangtools.yang.data.impl.codec.TypeDefinitionAwareCodec;
import org.opendaylight.yangtools.yang.model.api.ContainerSchemaNode;
import org.opendaylight.yangtools.yang.model.api.DataNodeContainer;
import org.opendaylight.yangtools.yang.model.api.DataSchemaNode;
import org.opendaylight.yangtools.yang.model.api.LeafListSchemaNode;
import org.opendaylight.yangtools.yang.model.api.ListSchemaNode;
import org.opendaylight.yangtools.yang.model.api.TypedDataSchemaNode;
import org.secondsite.management.model.GatewayModel;
import org.secondsite.management.netconf.RpcException.Tag;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** Carries out the {@code config} of an {@code edit-config} on a copy of the data (RFC 6241 §7.2), node by node. */
final class EditConfig {
    private static final String YANG = "urn:ietf:params:xml:ns:yang:1";

    /** What is to be done with a node. */
    enum Operation {
        MERGE,
        REPLACE,
        CREATE,
        DELETE,
        REMOVE,
        /** Nothing by itself. */
        NONE;

        static Operation of(String word) throws RpcException {
            for (Operation operation : values()) {
                if (operation.name().toLowerCase(Locale.ROOT).equals(word)) {
                    return operation;
                }
            }
            throw RpcException.protocol(
                    Tag.BAD_ATTRIBUTE, "operation '" + word + "' is none of merge, replace, create, delete and remove");
        }
    }

    private EditConfig() {}

    /**
     * Carries it out.
     *
     * @param gateway the data; changed, also if this fails half-way
     * @param config what is wanted
     * @throws RpcException with the path of the node that cannot be so
     */
    static void carryOut(GatewayModel model, Element gateway, Element config, Operation byDefault) throws RpcException {
        for (Element edit : Xml.children(config)) {
            String path = "/g:" + edit.getLocalName();
            if (!edit.getLocalName().equals(gateway.getLocalName())) {
                throw RpcException.at(Tag.UNKNOWN_ELEMENT, path, "the only configuration here is gateway");
            }
            requireNamespace(edit, path);
            Operation operation = operation(edit, byDefault);
            switch (operation) {
                case DELETE, REMOVE ->
                    throw RpcException.at(Tag.OPERATION_NOT_SUPPORTED, path, "a gateway has a configuration");
                case CREATE -> throw RpcException.at(Tag.DATA_EXISTS, path, "gateway is there already");
                case REPLACE -> {
                    while (gateway.hasChildNodes()) {
                        gateway.removeChild(gateway.getFirstChild());
                    }
                }
                default -> {}
            }
            children(model.gateway(), gateway, edit, operation, path);
        }
    }

    private static void requireNamespace(Element edit, String path) throws RpcException {
        if (!GatewayModel.NAMESPACE.equals(edit.getNamespaceURI())) {
            throw RpcException.at(
                    Tag.UNKNOWN_NAMESPACE,
                    path,
                    edit.getLocalName() + " is of namespace " + edit.getNamespaceURI() + ": it is "
                            + GatewayModel.NAMESPACE);
        }
    }

    private static Operation operation(Element edit, Operation inherited) throws RpcException {
        String word = edit.getAttributeNS(Xml.BASE, "operation");
        return word.isEmpty() ? inherited : Operation.of(word);
    }

    private static void children(
            DataNodeContainer schema, Element target, Element edit, Operation inherited, String path)
            throws RpcException {
        for (Element child : Xml.children(edit)) {
            String name = child.getLocalName();
            String at = path + "/g:" + name;
            requireNamespace(child, at);
            DataSchemaNode found = schema.getChildNodes().stream()
                    .filter(node -> node.getQName().getLocalName().equals(name))
                    .findFirst()
                    .orElseThrow(
                            () -> RpcException.at(Tag.UNKNOWN_ELEMENT, at, "the YANG module has no " + name + " here"));
            if (!(schema instanceof ListSchemaNode list
                    && list.getKeyDefinition().contains(found.getQName()))) {
                node(found, target, child, operation(child, inherited), at);
            }
        }
    }

    private static void node(DataSchemaNode schema, Element parent, Element edit, Operation operation, String path)
            throws RpcException {
        String at = path + predicate(schema, edit, path);
        Optional<Element> there = find(schema, parent, edit);
        switch (operation) {
            case CREATE -> {
                if (there.isPresent()) {
                    throw RpcException.at(Tag.DATA_EXISTS, at, edit.getLocalName() + " is there already");
                }
            }
            case DELETE -> {
                if (there.isEmpty()) {
                    throw missing(edit, at);
                }
                parent.removeChild(there.get());
                return;
            }
            case REMOVE -> {
                there.ifPresent(parent::removeChild);
                return;
            }
            case NONE -> {
                if (there.isEmpty()) {
                    throw missing(edit, at);
                }
            }
            default -> {}
        }
        if (schema instanceof TypedDataSchemaNode leaf) {
            if (operation != Operation.NONE) {
                leaf(leaf, parent, edit, there, at);
            }
            return;
        }
        Element inner = there.orElseGet(() -> added(parent, edit));
        if (operation == Operation.REPLACE) {
            while (inner.hasChildNodes()) {
                inner.removeChild(inner.getFirstChild());
            }
        }
        if (schema instanceof ListSchemaNode list) {
            if (!inner.hasChildNodes()) {
                for (QName key : list.getKeyDefinition()) {
                    Element named = Xml.child(edit, key.getLocalName()).orElseThrow();
                    TypedDataSchemaNode leaf = (TypedDataSchemaNode) list.dataChildByName(key);
                    leaf(leaf, inner, named, Optional.empty(), at);
                }
            }
            place(schema, parent, inner, edit, there.isEmpty(), at);
        }
        children((DataNodeContainer) schema, inner, edit, operation, at);
    }

    private static RpcException missing(Element edit, String at) {
        return RpcException.at(Tag.DATA_MISSING, at, "there is no such " + edit.getLocalName());
    }

    private static void leaf(
            TypedDataSchemaNode schema, Element parent, Element edit, Optional<Element> there, String at)
            throws RpcException {
        String text = edit.getTextContent().strip();
        if (!Xml.children(edit).isEmpty()) {
            throw RpcException.at(Tag.INVALID_VALUE, at, edit.getLocalName() + " is a single value");
        }
        try {
            var _ = TypeDefinitionAwareCodec.from(schema.getType()).deserialize(text);
        } catch (IllegalArgumentException e) {
            throw RpcException.at(
                    Tag.INVALID_VALUE, at, edit.getLocalName() + ": '" + text + "' is no value: " + e.getMessage());
        }
        Element leaf = there.orElseGet(() -> added(parent, edit));
        leaf.setTextContent(text);
        if (schema instanceof LeafListSchemaNode) {
            place(schema, parent, leaf, edit, there.isEmpty(), at);
        }
    }

    private static Element added(Element parent, Element edit) {
        Element element = parent.getOwnerDocument().createElementNS(GatewayModel.NAMESPACE, edit.getLocalName());
        parent.appendChild(element);
        return element;
    }

    /** RFC 7950 §7.7.9 and §7.8.6, as far as the two ends of a list. */
    private static void place(
            DataSchemaNode schema, Element parent, Element node, Element edit, boolean isNew, String at)
            throws RpcException {
        String where = edit.getAttributeNS(YANG, "insert");
        switch (where) {
            case "" -> {}
            case "first" -> {
                Node first = Xml.child(parent, schema.getQName().getLocalName()).orElse(node);
                if (!first.isSameNode(node)) {
                    parent.insertBefore(node, first);
                }
            }
            case "last" -> {
                if (!isNew) {
                    parent.appendChild(node);
                }
            }
            default -> throw RpcException.at(Tag.BAD_ATTRIBUTE, at, "insert is '" + where + "': it is first or last");
        }
    }

    private static Optional<Element> find(DataSchemaNode schema, Element parent, Element edit) {
        List<Element> same = Xml.children(parent).stream()
                .filter(child -> child.getLocalName().equals(edit.getLocalName()))
                .toList();
        return switch (schema) {
            case ListSchemaNode list ->
                same.stream()
                        .filter(entry -> list.getKeyDefinition().stream()
                                .allMatch(key ->
                                        Xml.text(entry, key.getLocalName()).equals(Xml.text(edit, key.getLocalName()))))
                        .findFirst();
            case LeafListSchemaNode leaves ->
                same.stream()
                        .filter(entry -> entry.getTextContent()
                                .strip()
                                .equals(edit.getTextContent().strip()))
                        .findFirst();
            default -> same.stream().findFirst();
        };
    }

    private static String predicate(DataSchemaNode schema, Element edit, String path) throws RpcException {
        if (!(schema instanceof ListSchemaNode list)) {
            if (schema instanceof ContainerSchemaNode || schema instanceof TypedDataSchemaNode) {
                return "";
            }
            throw RpcException.at(Tag.UNKNOWN_ELEMENT, path, "no data");
        }
        StringBuilder predicate = new StringBuilder();
        for (QName key : list.getKeyDefinition()) {
            String name = key.getLocalName();
            String value = Xml.text(edit, name)
                    .orElseThrow(() -> RpcException.at(
                            Tag.MISSING_ELEMENT, path, "an entry of " + edit.getLocalName() + " has a " + name));
            predicate
                    .append("[g:")
                    .append(name)
                    .append("='")
                    .append(value.replace("'", ""))
                    .append("']");
        }
        return predicate.toString();
    }
}
