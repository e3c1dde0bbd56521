package org.secondsite.management.model;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opendaylight.yangtools.yang.common.QName;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.NodeIdentifier;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.NodeIdentifierWithPredicates;
import org.opendaylight.yangtools.yang.data.api.schema.ContainerNode;
import org.opendaylight.yangtools.yang.data.api.schema.DataContainerChild;
import org.opendaylight.yangtools.yang.data.api.schema.LeafNode;
import org.opendaylight.yangtools.yang.data.api.schema.MapEntryNode;
import org.opendaylight.yangtools.yang.data.api.schema.UnkeyedListEntryNode;
import org.opendaylight.yangtools.yang.data.api.schema.UnkeyedListNode;
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
import org.opendaylight.yangtools.yang.model.api.SchemaNode;
import org.opendaylight.yangtools.yang.model.api.TypeDefinition;
import org.opendaylight.yangtools.yang.model.api.TypedDataSchemaNode;

/**
 * What a gateway tells of itself in its own JSON, as YANG data: its members are the nodes of the module, but for their spelling. An
 * object may stand for a list whose entries are a name and a number each.
 *
 * <p>What the module has no node for, and what does not fit a node, is left out: that somebody looks must not fail for a figure.
 */
public final class StateTree {
    private final List<String> leftOut = new ArrayList<>();
    private final ContainerNode data;

    private StateTree(DataNodeContainer schema, QName name, JsonObject told) {
        ContainerNode.Builder builder = ImmutableNodes.newContainerBuilder();
        builder.withNodeIdentifier(new NodeIdentifier(name));
        fill(builder, schema, told, "");
        data = builder.build();
    }

    /** Of a container, or of the output of an operation. */
    public static <S extends DataNodeContainer & SchemaNode> StateTree of(S schema, JsonObject told) {
        return new StateTree(schema, schema.getQName(), told);
    }

    /** Of the container {@code status}. */
    public static StateTree ofStatus(GatewayModel model, String json) {
        return of(model.status(), JsonParser.parseString(json).getAsJsonObject());
    }

    /** As YANG has it. */
    public ContainerNode data() {
        return data;
    }

    /** The places of what was left out. */
    public List<String> leftOut() {
        return List.copyOf(leftOut);
    }

    private void fill(
            DataContainerNodeBuilder<?, ?> builder, DataNodeContainer schema, JsonObject values, String path) {
        for (Map.Entry<String, JsonElement> member : values.entrySet()) {
            if (member.getValue().isJsonNull()) {
                continue;
            }
            String at = path.isEmpty() ? member.getKey() : path + "." + member.getKey();
            String name = Spelling.ofYang(member.getKey());
            Optional<? extends DataSchemaNode> child = schema.getChildNodes().stream()
                    .filter(node -> node.getQName().getLocalName().equals(name))
                    .findFirst();
            child.flatMap(node -> child(node, member.getValue(), at))
                    .ifPresentOrElse(builder::withChild, () -> leftOut.add(at));
        }
    }

    private Optional<DataContainerChild> child(DataSchemaNode schema, JsonElement value, String path) {
        return switch (schema) {
            case LeafSchemaNode leaf
            when value instanceof JsonPrimitive one ->
                typed(leaf, one).map(typed -> ImmutableNodes.leafNode(leaf.getQName(), typed));
            case LeafListSchemaNode leaves
            when value instanceof JsonArray items -> Optional.of(leaves(leaves, items, path));
            case ContainerSchemaNode container
            when value instanceof JsonObject object -> {
                ContainerNode.Builder builder = ImmutableNodes.newContainerBuilder();
                builder.withNodeIdentifier(new NodeIdentifier(container.getQName()));
                fill(builder, container, object, path);
                yield Optional.of(builder.build());
            }
            case ListSchemaNode list when value instanceof JsonArray items -> Optional.of(list(list, items, path));
            case ListSchemaNode list
            when value instanceof JsonObject counts -> Optional.of(list(list, entries(list, counts), path));
            default -> Optional.empty();
        };
    }

    /** {@code {"SLOW": 3}} is an entry with a key and a number. */
    private static JsonArray entries(ListSchemaNode list, JsonObject counts) {
        JsonArray entries = new JsonArray();
        String key = list.getKeyDefinition().getFirst().getLocalName();
        counts.entrySet().forEach(count -> {
            JsonObject entry = new JsonObject();
            entry.addProperty(key, count.getKey());
            entry.add("count", count.getValue());
            entries.add(entry);
        });
        return entries;
    }

    private UserLeafSetNode<Object> leaves(LeafListSchemaNode schema, JsonArray items, String path) {
        UserLeafSetNode.Builder<Object> builder = ImmutableNodes.newUserLeafSetBuilder();
        builder.withNodeIdentifier(new NodeIdentifier(schema.getQName()));
        for (JsonElement item : items) {
            Optional<Object> typed = item instanceof JsonPrimitive one ? typed(schema, one) : Optional.empty();
            typed.ifPresentOrElse(
                    value -> builder.withChild(ImmutableNodes.leafSetEntry(schema.getQName(), value)),
                    () -> leftOut.add(path));
        }
        return builder.build();
    }

    private DataContainerChild list(ListSchemaNode schema, JsonArray items, String path) {
        if (schema.getKeyDefinition().isEmpty()) {
            UnkeyedListNode.Builder builder = ImmutableNodes.newUnkeyedListBuilder();
            builder.withNodeIdentifier(new NodeIdentifier(schema.getQName()));
            for (JsonElement item : items) {
                UnkeyedListEntryNode.Builder entry = ImmutableNodes.newUnkeyedListEntryBuilder();
                entry.withNodeIdentifier(new NodeIdentifier(schema.getQName()));
                fill(entry, schema, item.getAsJsonObject(), path);
                builder.withChild(entry.build());
            }
            return builder.build();
        }
        QName key = schema.getKeyDefinition().getFirst();
        UserMapNode.Builder builder = ImmutableNodes.newUserMapBuilder();
        builder.withNodeIdentifier(new NodeIdentifier(schema.getQName()));
        for (JsonElement item : items) {
            MapEntryNode.Builder entry = ImmutableNodes.newMapEntryBuilder();
            // The key comes first, as in RFC 7951 it need not, but in XML it must.
            Optional<LeafNode<Object>> name = key(schema, key, item.getAsJsonObject());
            if (name.isEmpty()) {
                leftOut.add(path);
                continue;
            }
            entry.withNodeIdentifier(NodeIdentifierWithPredicates.of(
                    schema.getQName(), key, name.get().body()));
            entry.withChild(name.get());
            fill(entry, schema, item.getAsJsonObject(), path);
            builder.withChild(entry.build());
        }
        return builder.build();
    }

    private static Optional<LeafNode<Object>> key(ListSchemaNode schema, QName key, JsonObject item) {
        return item.get(Spelling.ofFile(key.getLocalName())) instanceof JsonPrimitive one
                ? typed((TypedDataSchemaNode) schema.dataChildByName(key), one)
                        .map(value -> ImmutableNodes.leafNode(key, value))
                : Optional.empty();
    }

    private static Optional<Object> typed(TypedDataSchemaNode schema, JsonPrimitive value) {
        TypeDefinition<? extends TypeDefinition<?>> type = schema.getType();
        // 1.0E-3 is a number in JSON, and none in YANG.
        String text = value.isNumber() ? value.getAsBigDecimal().toPlainString() : value.getAsString();
        try {
            return Optional.of(TypeDefinitionAwareCodec.from(type).deserialize(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
