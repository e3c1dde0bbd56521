package org.secondsite.bgp.lab;

import java.util.List;
import org.secondsite.bgp.io.BgpCommands;

/** The commands as a process of their own. */
final class SpeakMain {
    private SpeakMain() {}

    public static void main(String[] arguments) {
        System.exit(BgpCommands.run(List.of(arguments), System.in, System.out, System.err));
    }
}
