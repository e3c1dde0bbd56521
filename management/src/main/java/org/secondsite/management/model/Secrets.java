package org.secondsite.management.model;

import org.opendaylight.yangtools.yang.data.api.schema.ContainerNode;
import org.opendaylight.yangtools.yang.data.api.schema.DataContainerChild;
import org.opendaylight.yangtools.yang.data.api.schema.DataContainerNode;
import org.opendaylight.yangtools.yang.data.api.schema.LeafNode;
import org.opendaylight.yangtools.yang.data.api.schema.MapEntryNode;
import org.opendaylight.yangtools.yang.data.api.schema.UserMapNode;
import org.opendaylight.yangtools.yang.data.api.schema.builder.DataContainerNodeBuilder;
import org.opendaylight.yangtools.yang.data.spi.node.ImmutableNodes;

/** Secrets are shown as asterisks; written so, they stay what they are. */
public final class Secrets {
    /** What stands for a secret. */
    public static final String SHOWN = "********";

    private final GatewayModel model;

    /** Of the product's module. */
    public Secrets(GatewayModel model) {
        this.model = model;
    }

    /** The same data without its secrets. */
    public ContainerNode masked(ContainerNode gateway) {
        return container(gateway, null, Way.OUT);
    }

    /**
     * The same data with the secrets that are not said anew.
     *
     * @param before what they are taken from
     * @throws IllegalArgumentException if there is none to take
     */
    public ContainerNode restored(ContainerNode wanted, ContainerNode before) {
        return container(wanted, before, Way.IN);
    }

    private enum Way {
        OUT,
        IN
    }

    private ContainerNode container(ContainerNode node, DataContainerNode before, Way way) {
        ContainerNode.Builder builder = ImmutableNodes.newContainerBuilder();
        builder.withNodeIdentifier(node.name());
        copy(node, before, way, builder);
        return builder.build();
    }

    private void copy(
            DataContainerNode node, DataContainerNode before, Way way, DataContainerNodeBuilder<?, ?> builder) {
        for (DataContainerChild child : node.body()) {
            DataContainerChild was = before == null ? null : before.childByArg(child.name());
            builder.withChild(
                    switch (child) {
                        case LeafNode<?> leaf
                        when model.isSecret(leaf.name().getNodeType()) ->
                            ImmutableNodes.leafNode(leaf.name(), secret(leaf, was, way));
                        case ContainerNode inner -> container(inner, (DataContainerNode) was, way);
                        case UserMapNode map -> list(map, (UserMapNode) was, way);
                        default -> child;
                    });
        }
    }

    private UserMapNode list(UserMapNode map, UserMapNode before, Way way) {
        UserMapNode.Builder builder = ImmutableNodes.newUserMapBuilder();
        builder.withNodeIdentifier(map.name());
        for (MapEntryNode entry : map.body()) {
            MapEntryNode.Builder copy = ImmutableNodes.newMapEntryBuilder();
            copy.withNodeIdentifier(entry.name());
            copy(entry, before == null ? null : before.childByArg(entry.name()), way, copy);
            builder.withChild(copy.build());
        }
        return builder.build();
    }

    private static Object secret(LeafNode<?> leaf, DataContainerChild was, Way way) {
        if (way == Way.OUT) {
            return SHOWN;
        }
        if (!leaf.body().equals(SHOWN)) {
            return leaf.body();
        }
        if (was instanceof LeafNode<?> known) {
            return known.body();
        }
        throw new IllegalArgumentException(
                leaf.name().getNodeType().getLocalName() + " is new here: " + SHOWN + " stands for one that is known");
    }
}
