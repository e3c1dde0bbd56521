package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a guest runs on.
 *
 * @param qemu the program, with where it finds its own files
 * @param type QEMU's machine
 * @param processors how many the guest has
 * @param devices further arguments of QEMU
 */
record LabMachine(List<String> qemu, String type, int processors, List<String> devices) {
    private static final String PROGRAM = "usr/bin/qemu-system-x86_64";

    LabMachine {
        qemu = List.copyOf(qemu);
        devices = List.copyOf(devices);
    }

    /** With the QEMU that is installed, and nothing plugged in. */
    static LabMachine of(String type, int processors) throws IOException {
        String qemu = LabGuest.needed("/" + PROGRAM, "qemu-system-x86").toString();
        return new LabMachine(List.of(qemu), type, processors, List.of());
    }

    /** With that of Debian's backports, beside the one that is installed. It goes with the installed one's libraries. */
    static LabMachine ofBackports(String type, int processors) throws IOException {
        Path root = UnpackedPackages.ofBackports("qemu-system-x86", "qemu-system-data", "seabios");
        String share = root.resolve("usr/share").toString();
        return new LabMachine(
                List.of(root.resolve(PROGRAM).toString(), "-L", share + "/qemu", "-L", share + "/seabios"),
                type,
                processors,
                List.of());
    }

    LabMachine with(List<String> more) {
        List<String> all = new ArrayList<>(devices);
        all.addAll(more);
        return new LabMachine(qemu, type, processors, all);
    }
}
