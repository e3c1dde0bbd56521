package org.secondsite.management.rest;

import java.util.List;
import java.util.Optional;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.NodeIdentifierWithPredicates;
import org.opendaylight.yangtools.yang.data.api.YangInstanceIdentifier.PathArgument;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;
import org.secondsite.config.yaml.VmTick;

/** The leaf {@code protected} of a VM: what an operator may write, too. */
record TickBox(GroupId group, VmId vm) {
    private static final List<String> PATH = List.of("gateway", "groups", "groups", "vms", "vms", "protected");
    private static final int GROUP = 2;
    private static final int VM = 4;

    /** The one that an address names; empty: it names something else. */
    static Optional<TickBox> at(YangInstanceIdentifier path) {
        List<PathArgument> steps = path.getPathArguments();
        List<String> names =
                steps.stream().map(step -> step.getNodeType().getLocalName()).toList();
        return names.equals(PATH)
                ? Optional.of(new TickBox(new GroupId(key(steps.get(GROUP))), new VmId(key(steps.get(VM)))))
                : Optional.empty();
    }

    private static String key(PathArgument step) {
        return ((NodeIdentifierWithPredicates) step).values().iterator().next().toString();
    }

    /**
     * The file with the box ticked or not, and everything else as it is, comments included.
     *
     * @throws IllegalArgumentException if there is no such VM
     */
    String written(String file, boolean ticked) {
        VmTick tick = new VmTick(file, Optional.of(group), vm);
        return ticked ? tick.ticked() : tick.unticked();
    }
}
