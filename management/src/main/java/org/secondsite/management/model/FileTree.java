package org.secondsite.management.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.opendaylight.yangtools.yang.common.QName;
import org.opendaylight.yangtools.yang.common.Uint16;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.NodeIdentifier;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.NodeIdentifierWithPredicates;
import org.opendaylight.yangtools.yang.data.api.schema.ContainerNode;
import org.opendaylight.yangtools.yang.data.api.schema.DataContainerChild;
import org.opendaylight.yangtools.yang.data.api.schema.DataContainerNode;
import org.opendaylight.yangtools.yang.data.api.schema.LeafNode;
import org.opendaylight.yangtools.yang.data.api.schema.LeafSetEntryNode;
import org.opendaylight.yangtools.yang.data.api.schema.LeafSetNode;
import org.opendaylight.yangtools.yang.data.api.schema.MapEntryNode;
import org.opendaylight.yangtools.yang.data.api.schema.MapNode;
import org.opendaylight.yangtools.yang.data.api.schema.UserLeafSetNode;
import org.opendaylight.yangtools.yang.data.api.schema.UserMapNode;
import org.opendaylight.yangtools.yang.data.api.schema.builder.DataContainerNodeBuilder;
import org.opendaylight.yangtools.yang.data.impl.codec.TypeDefinitionAwareCodec;
import org.opendaylight.yangtools.yang.data.spi.node.ImmutableNodes;
import org.opendaylight.yangtools.yang.model.api.ContainerSchemaNode;
import org.opendaylight.yangtools.yang.model.api.DataNodeContainer;
import org.opendaylight.yangtools.yang.model.api.DataSchemaNode;
import org.opendaylight.yangtools.yang.model.api.LeafListSchemaNode;
import org.opendaylight.yangtools.yang.model.api.LeafSchemaNode;
import org.opendaylight.yangtools.yang.model.api.ListSchemaNode;
import org.opendaylight.yangtools.yang.model.api.TypeDefinition;
import org.opendaylight.yangtools.yang.model.api.TypedDataSchemaNode;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.schema.FailsafeSchema;

/**
 * A gateway's file as YANG data, and back. The file's keys and the module's nodes are the same but for their spelling; what the module
 * does not know, the file must not have.
 */
public final class FileTree {
    /** A rule has no name in the file, where its place counts: here it has a number. */
    private static final String SEQUENCE = "sequence";

    private static final int BETWEEN_RULES = 10;

    private final GatewayModel model;

    /** Of the product's module. */
    public FileTree(GatewayModel model) {
        this.model = model;
    }

    /**
     * The data of a file that is in order.
     *
     * @throws IllegalArgumentException with the place of what the module does not know
     */
    public ContainerNode read(String text) {
        Object root = new Load(LoadSettings.builder()
                        .setSchema(new FailsafeSchema())
                        .setMaxAliasesForCollections(0)
                        .build())
                .loadFromString(text);
        ContainerNode.Builder builder = ImmutableNodes.newContainerBuilder();
        builder.withNodeIdentifier(new NodeIdentifier(model.gateway().getQName()));
        fill(builder, model.gateway(), mapping(root, ""), "");
        return builder.build();
    }

    private void fill(
            DataContainerNodeBuilder<?, ?> builder, DataNodeContainer schema, Map<String, Object> values, String path) {
        Map<String, DataSchemaNode> children = new LinkedHashMap<>();
        schema.getChildNodes()
                .forEach(child -> children.put(Spelling.ofFile(child.getQName().getLocalName()), child));
        values.forEach((key, value) -> {
            String at = path.isEmpty() ? key : path + "." + key;
            DataSchemaNode child = children.get(key);
            if (child == null || key.equals(SEQUENCE)) {
                throw new IllegalArgumentException(at + ": the YANG module has no such node");
            }
            builder.withChild(child(child, value, at));
        });
    }

    private DataContainerChild child(DataSchemaNode schema, Object value, String path) {
        NodeIdentifier name = new NodeIdentifier(schema.getQName());
        return switch (schema) {
            case LeafSchemaNode leaf ->
                ImmutableNodes.<Object>newLeafBuilder()
                        .withNodeIdentifier(name)
                        .withValue(typed(leaf, value, path))
                        .build();
            case LeafListSchemaNode leaves ->
                // What there may be several of, but usually is one, may stand in the file by itself.
                leafList(leaves, value instanceof String one ? List.of(one) : items(value, path), path);
            case ContainerSchemaNode container -> {
                ContainerNode.Builder builder = ImmutableNodes.newContainerBuilder();
                builder.withNodeIdentifier(name);
                fill(builder, container, mapping(value, path), path);
                yield builder.build();
            }
            case ListSchemaNode list -> list(list, items(value, path), path);
            default -> throw new IllegalArgumentException(path + " is no data");
        };
    }

    private static UserLeafSetNode<Object> leafList(LeafListSchemaNode schema, List<?> items, String path) {
        UserLeafSetNode.Builder<Object> builder = ImmutableNodes.newUserLeafSetBuilder();
        builder.withNodeIdentifier(new NodeIdentifier(schema.getQName()));
        for (int i = 0; i < items.size(); i++) {
            builder.withChild(
                    ImmutableNodes.leafSetEntry(schema.getQName(), typed(schema, items.get(i), path + "[" + i + "]")));
        }
        return builder.build();
    }

    private UserMapNode list(ListSchemaNode schema, List<?> items, String path) {
        UserMapNode.Builder builder = ImmutableNodes.newUserMapBuilder();
        builder.withNodeIdentifier(new NodeIdentifier(schema.getQName()));
        QName key = schema.getKeyDefinition().getFirst();
        for (int i = 0; i < items.size(); i++) {
            String at = path + "[" + i + "]";
            Map<String, Object> values = mapping(items.get(i), at);
            Object name;
            MapEntryNode.Builder entry = ImmutableNodes.newMapEntryBuilder();
            if (isRule(schema)) {
                name = Uint16.valueOf((i + 1) * BETWEEN_RULES);
            } else {
                String local = Spelling.ofFile(key.getLocalName());
                name = typed((TypedDataSchemaNode) schema.dataChildByName(key), values.get(local), at + "." + local);
            }
            entry.withNodeIdentifier(NodeIdentifierWithPredicates.of(schema.getQName(), key, name));
            entry.withChild(ImmutableNodes.leafNode(key, name));
            fill(entry, schema, values, at);
            builder.withChild(entry.build());
        }
        return builder.build();
    }

    private static boolean isRule(ListSchemaNode schema) {
        return schema.getKeyDefinition().getFirst().getLocalName().equals(SEQUENCE);
    }

    private static Object typed(TypedDataSchemaNode schema, Object value, String path) {
        if (!(value instanceof String text)) {
            throw new IllegalArgumentException(path + " must be a single value");
        }
        TypeDefinition<? extends TypeDefinition<?>> type = schema.getType();
        try {
            return TypeDefinitionAwareCodec.from(type).deserialize(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    path + ": '" + text + "' is not in the YANG module: " + e.getMessage(), e);
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> mapping(Object value, String path) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException(path + " must be a mapping of keys to values");
        }
        return (Map<String, Object>) map;
    }

    private static List<?> items(Object value, String path) {
        if (!(value instanceof List<?> list)) {
            throw new IllegalArgumentException(path + " must be a list");
        }
        return list;
    }

    /** The file that says the same. */
    public String write(ContainerNode gateway) {
        DumpSettings settings = DumpSettings.builder()
                .setDefaultFlowStyle(FlowStyle.BLOCK)
                .setIndent(2)
                .setIndicatorIndent(2)
                .setIndentWithIndicator(true)
                .setWidth(160)
                .build();
        return new Dump(settings).dumpToString(values(model.gateway(), gateway));
    }

    private Map<String, Object> values(DataNodeContainer schema, DataContainerNode node) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (DataSchemaNode child : schema.getChildNodes()) {
            String name = child.getQName().getLocalName();
            DataContainerChild found = node.childByArg(new NodeIdentifier(child.getQName()));
            if (found != null && !name.equals(SEQUENCE)) {
                Object value = value(child, found);
                if (!(value instanceof List<?> list) || !list.isEmpty()) {
                    values.put(Spelling.ofFile(name), value);
                }
            }
        }
        return values;
    }

    private Object value(DataSchemaNode schema, DataContainerChild node) {
        return switch (node) {
            case LeafNode<?> leaf -> scalar(leaf.body());
            case LeafSetNode<?> leaves ->
                leaves.body().stream()
                        .map(LeafSetEntryNode::body)
                        .map(FileTree::scalar)
                        .toList();
            case MapNode map -> {
                ListSchemaNode list = (ListSchemaNode) schema;
                List<MapEntryNode> entries = new ArrayList<>(map.body());
                if (isRule(list)) {
                    QName key = list.getKeyDefinition().getFirst();
                    entries.sort(
                            Comparator.comparing(entry -> (Uint16) entry.name().getValue(key)));
                }
                yield entries.stream().map(entry -> values(list, entry)).toList();
            }
            case ContainerNode container -> values((DataNodeContainer) schema, container);
            default -> throw new IllegalStateException("no data: " + node.name());
        };
    }

    private static Object scalar(Object value) {
        return switch (value) {
            case Boolean flag -> flag;
            case Number number -> number.longValue();
            default -> value.toString();
        };
    }
}
