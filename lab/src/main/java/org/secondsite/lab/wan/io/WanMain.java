package org.secondsite.lab.wan.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The emulator as a process: {@code WanMain CONTROL-SOCKET SEED PORT=INTERFACE …}, inside the namespace of the interfaces. Runs
 * until it is killed.
 */
public final class WanMain {
    private WanMain() {}

    /** Starts; prints one line when frames flow. */
    public static void main(String[] arguments) throws IOException {
        List<String> ports = new ArrayList<>();
        List<String> interfaces = new ArrayList<>();
        for (String pair : List.of(arguments).subList(2, arguments.length)) {
            ports.add(pair.substring(0, pair.indexOf('=')));
            interfaces.add(pair.substring(pair.indexOf('=') + 1));
        }
        WanEmulator emulator = WanEmulator.open(interfaces, ports, Long.parseLong(arguments[1]));
        WanControl.open(Path.of(arguments[0]), emulator::execute);
        System.out.println("WAN emulator joins " + String.join(", ", ports));
    }
}
