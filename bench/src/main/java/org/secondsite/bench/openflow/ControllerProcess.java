package org.secondsite.bench.openflow;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.config.SwitchId;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.io.SwitchController;

/** A controller in a process of its own, which can be stopped: it writes its port into a file, and every second how it stands. */
public final class ControllerProcess {
    private ControllerProcess() {}

    /**
     * Runs until it is killed.
     *
     * @param arguments how many switches, and the file
     */
    public static void main(String[] arguments) throws Exception {
        int count = Integer.parseInt(arguments[0]);
        Path file = Path.of(arguments[1]);
        List<SwitchSettings> switches = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            switches.add(new SwitchSettings(new SwitchId("sw" + i), i, ManyVms.GATEWAY));
        }
        Heard heard = new Heard();
        List<VmAttachment> vms = ManyVms.of(5, 2, Role.OWNER);
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (SwitchController controller = SwitchController.open(new ControllerSettings(any, switches), heard)) {
            switches.forEach(one -> controller.apply(one.id(), 1, vms));
            while (true) {
                Path next = file.resolveSibling(file.getFileName() + ".next");
                Files.writeString(
                        next,
                        controller.address().getPort() + " " + heard.connections() + " " + heard.disconnections());
                Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
                Thread.sleep(200);
            }
        }
    }
}
