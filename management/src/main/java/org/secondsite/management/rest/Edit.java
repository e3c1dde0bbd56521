package org.secondsite.management.rest;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opendaylight.netconf.databind.RequestException;
import org.opendaylight.yangtools.yang.common.ErrorTag;
import org.opendaylight.yangtools.yang.common.ErrorType;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.NodeIdentifier;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.NodeIdentifierWithPredicates;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.PathArgument;
import org.opendaylight.yangtools.yang.data.api.schema.ContainerNode;
import org.opendaylight.yangtools.yang.data.api.schema.NormalizedNode;
import org.opendaylight.yangtools.yang.data.spi.node.ImmutableNodes;
import org.opendaylight.yangtools.yang.data.tree.api.DataTree;
import org.opendaylight.yangtools.yang.data.tree.api.DataTreeConfiguration;
import org.opendaylight.yangtools.yang.data.tree.api.DataTreeModification;
import org.opendaylight.yangtools.yang.data.tree.api.DataValidationFailedException;
import org.opendaylight.yangtools.yang.data.tree.api.TreeType;
import org.opendaylight.yangtools.yang.data.tree.impl.ReferenceDataTreeFactory;
import org.opendaylight.yangtools.yang.model.api.ContainerSchemaNode;
import org.opendaylight.yangtools.yang.model.api.DataSchemaNode;
import org.opendaylight.yangtools.yang.model.api.LeafListSchemaNode;
import org.opendaylight.yangtools.yang.model.api.ListSchemaNode;
import org.secondsite.management.model.GatewayModel;

/** Changes to a tree of data. What is missing or does not fit together is left to the judge of the file. */
final class Edit {
    private final GatewayModel model;
    private final YangInstanceIdentifier root;
    private final DataTree tree;

    Edit(GatewayModel model, ContainerNode gateway) {
        this.model = model;
        root = YangInstanceIdentifier.of(gateway.name());
        tree = new ReferenceDataTreeFactory()
                .create(
                        DataTreeConfiguration.builder(TreeType.CONFIGURATION)
                                .setMandatoryNodesValidation(false)
                                .build(),
                        model.databind().modelContext());
        try {
            change(modification -> modification.write(root, gateway));
        } catch (RequestException e) {
            throw new IllegalStateException("what runs is not in order", e);
        }
    }

    /** One step of a change. */
    interface Step {
        void on(DataTreeModification modification) throws RequestException;
    }

    Optional<NormalizedNode> read(YangInstanceIdentifier at) {
        return tree.takeSnapshot().readNode(at);
    }

    ContainerNode gateway() {
        return (ContainerNode) read(root).orElseThrow();
    }

    /** Puts data where it says, instead of what stands there. */
    void replace(YangInstanceIdentifier at, NormalizedNode data) throws RequestException {
        change(modification -> {
            makeParents(modification, at);
            modification.write(at, data);
        });
    }

    /** Puts data where it says, beside what stands there. */
    void merge(YangInstanceIdentifier at, NormalizedNode data) throws RequestException {
        change(modification -> {
            makeParents(modification, at);
            modification.merge(at, data);
        });
    }

    void delete(YangInstanceIdentifier at) throws RequestException {
        change(modification -> modification.delete(at));
    }

    private void change(Step step) throws RequestException {
        DataTreeModification modification = tree.takeSnapshot().newModification();
        try {
            step.on(modification);
            modification.ready();
            tree.validate(modification);
            tree.commit(tree.prepare(modification));
        } catch (DataValidationFailedException | IllegalArgumentException e) {
            throw new RequestException(
                    ErrorType.APPLICATION, ErrorTag.INVALID_VALUE, String.valueOf(e.getMessage()), e);
        }
        if (read(root).isEmpty()) {
            throw new RequestException(
                    ErrorType.APPLICATION, ErrorTag.OPERATION_NOT_SUPPORTED, "a gateway has a configuration");
        }
    }

    /** A list's entry needs its list, and that what it stands in; what has a meaning by itself is not made by the way. */
    private void makeParents(DataTreeModification modification, YangInstanceIdentifier at) throws RequestException {
        List<PathArgument> above = new ArrayList<>();
        List<PathArgument> arguments = at.getPathArguments();
        for (PathArgument argument : arguments.subList(0, Math.max(0, arguments.size() - 1))) {
            above.add(argument);
            YangInstanceIdentifier parent = YangInstanceIdentifier.of(above);
            if (modification.readNode(parent).isEmpty()) {
                DataSchemaNode schema = model.databind()
                        .schemaTree()
                        .findChild(parent)
                        .orElseThrow()
                        .dataSchemaNode();
                modification.write(parent, empty(schema, argument));
            }
        }
    }

    private static NormalizedNode empty(DataSchemaNode schema, PathArgument argument) throws RequestException {
        if (argument instanceof NodeIdentifier name) {
            if (schema instanceof ContainerSchemaNode container && !container.isPresenceContainer()) {
                return ImmutableNodes.newContainerBuilder()
                        .withNodeIdentifier(name)
                        .build();
            }
            if (schema instanceof ListSchemaNode) {
                return ImmutableNodes.newUserMapBuilder()
                        .withNodeIdentifier(name)
                        .build();
            }
            if (schema instanceof LeafListSchemaNode) {
                return ImmutableNodes.newUserLeafSetBuilder()
                        .withNodeIdentifier(name)
                        .build();
            }
        }
        throw new RequestException(
                ErrorType.PROTOCOL,
                ErrorTag.DATA_MISSING,
                "there is no " + argument.getNodeType().getLocalName()
                        + (argument instanceof NodeIdentifierWithPredicates entry
                                ? " " + entry.values().iterator().next()
                                : "")
                        + " to put it in");
    }
}
