package org.secondsite.openflow.wire;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.action.OFAction;
import org.projectfloodlight.openflow.protocol.action.OFActionOutput;
import org.projectfloodlight.openflow.protocol.action.OFActionPopVlan;
import org.projectfloodlight.openflow.protocol.action.OFActionPushVlan;
import org.projectfloodlight.openflow.protocol.action.OFActionSetField;
import org.projectfloodlight.openflow.protocol.oxm.OFOxmVlanVid;
import org.projectfloodlight.openflow.types.EthType;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.OFVlanVidMatch;
import org.secondsite.openflow.Vlan;
import org.secondsite.openflow.pipeline.Flow.Outcome;

/**
 * The actions of a flow: a tag that is put on, outputs, and outputs behind the tag that is taken off. Any other order is none of
 * the pipeline's.
 */
final class VlanActions {
    private VlanActions() {}

    static List<OFAction> push(OFFactory factory, int tag) {
        return List.of(
                factory.actions()
                        .buildPushVlan()
                        .setEthertype(EthType.VLAN_FRAME)
                        .build(),
                factory.actions().setField(factory.oxms().vlanVid(OFVlanVidMatch.ofRawVid((short) Vlan.match(tag)))));
    }

    static List<OFAction> of(OFFactory factory, Outcome.Output output) {
        List<OFAction> actions = new ArrayList<>(output.ports().size() + 1);
        if (output.tag() != 0) {
            actions.addAll(push(factory, output.tag()));
        }
        output.ports().forEach(port -> actions.add(factory.actions().output(OFPort.of(port), 0)));
        if (!output.untaggedPorts().isEmpty()) {
            actions.add(factory.actions().popVlan());
            output.untaggedPorts().forEach(port -> actions.add(factory.actions().output(OFPort.of(port), 0)));
        }
        return actions;
    }

    /** The tag, if putting it on is all that is done. */
    static Optional<Integer> pushed(List<OFAction> actions) {
        return actions.size() == 2
                        && actions.get(0) instanceof OFActionPushVlan push
                        && push.getEthertype().equals(EthType.VLAN_FRAME)
                        && actions.get(1) instanceof OFActionSetField set
                        && set.getField() instanceof OFOxmVlanVid vid
                        && Vlan.match(vid.getValue().getVlan())
                                == vid.getValue().getRawVid()
                        && vid.getValue().getVlan() != 0
                ? Optional.of((int) vid.getValue().getVlan())
                : Optional.empty();
    }

    /** What becomes of a frame, if the pipeline could have said so. */
    static Optional<Outcome> outcome(List<OFAction> actions) {
        Optional<Integer> tag = actions.size() > 2 ? pushed(actions.subList(0, 2)) : Optional.empty();
        List<Integer> ports = new ArrayList<>();
        List<Integer> untaggedPorts = new ArrayList<>();
        boolean isPopped = false;
        for (OFAction action : tag.isPresent() ? actions.subList(2, actions.size()) : actions) {
            if (action instanceof OFActionOutput output) {
                (isPopped ? untaggedPorts : ports).add(output.getPort().getPortNumber());
            } else if (action instanceof OFActionPopVlan && !isPopped) {
                isPopped = true;
            } else {
                return Optional.empty();
            }
        }
        if (isPopped && untaggedPorts.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                ports.isEmpty() && untaggedPorts.isEmpty()
                        ? new Outcome.Drop()
                        : new Outcome.Output(tag.orElse(0), ports, untaggedPorts));
    }
}
