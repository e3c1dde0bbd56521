package org.secondsite.openflow.lab;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.io.RecordedEvents;
import org.secondsite.openflow.io.SwitchController;

/** A switch with its hosts, a controller beside it, and what the controller tells. */
final class ControlledSite implements Closeable {
    static final SwitchId ID = new SwitchId("sw-a");

    private final RecordedEvents events = new RecordedEvents();
    private final UnaryOperator<SwitchSettings> change;
    private final SwitchSite site;
    private final SwitchController controller;

    ControlledSite(Path directory) throws Exception {
        this(directory, settings -> settings);
    }

    /** With other settings of the switch. */
    ControlledSite(Path directory, UnaryOperator<SwitchSettings> change) throws Exception {
        this.change = change;
        site = new SwitchSite(directory);
        try {
            controller = another(events);
        } catch (Exception | Error e) {
            site.close();
            throw e;
        }
    }

    SwitchSite site() {
        return site;
    }

    SwitchController controller() {
        return controller;
    }

    RecordedEvents events() {
        return events;
    }

    /** A further controller. A listening socket belongs to the namespace of the thread that opens it. */
    SwitchController another(RecordedEvents listener) throws Exception {
        InetSocketAddress any = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
        SwitchSettings settings = change.apply(new SwitchSettings(ID, SwitchSite.DATAPATH, SwitchSite.GATEWAY));
        return site.switchNamespace()
                .call(() -> SwitchController.open(new ControllerSettings(any, List.of(settings)), listener));
    }

    /** Makes ports for the VMs of {@link #patched}, that lead nowhere. */
    void addPatchPorts(int count) throws IOException {
        site.openVSwitch()
                .addPatchPorts(patched(count, Role.OWNER).stream()
                        .map(VmAttachment::portName)
                        .toList());
    }

    /** Many VMs. */
    static List<VmAttachment> patched(int count, Role role) {
        List<VmAttachment> vms = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            vms.add(new VmAttachment(
                    new VmId("p" + i),
                    "p" + i,
                    new MacAddress(0x5254_0001_0000L + i),
                    List.of(
                            IpPrefix.parseAddress("10.20." + i / 250 + "." + (i % 250 + 1)),
                            IpPrefix.parseAddress("2001:db8:20::" + Integer.toHexString(i + 1))),
                    role));
        }
        return vms;
    }

    @Override
    public void close() throws IOException {
        controller.close();
        site.close();
    }
}
