package org.secondsite.config.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.ConfigResult;

/** Where the VMs of an agent's file are found. */
class AgentMachinesTest {
    private static final String HEAD =
            "gateway: 10.1.1.2:7600\nrunDirectory: run\nallowPlaintext: true\nvms:\n  - name: vm1\n";
    private static final String START = HEAD + "    start: {libvirt: vm1.xml, uri: 'qemu:///session'}\n";

    @TempDir
    Path directory;

    private ConfigResult<AgentConfig> read(String text) throws IOException {
        return ConfigReader.readAgent(Files.writeString(directory.resolve("agent.yaml"), text));
    }

    private AgentConfig.Machine machine(String text) throws IOException {
        return switch (read(text)) {
            case ConfigResult.Valid<AgentConfig>(AgentConfig config) ->
                config.vms().getFirst().machine();
            case ConfigResult.Invalid<AgentConfig>(var problems) -> fail("refused: " + problems);
        };
    }

    private String refusal(String text) throws IOException {
        return switch (read(text)) {
            case ConfigResult.Valid<AgentConfig>(AgentConfig config) -> fail("accepted: " + config);
            case ConfigResult.Invalid<AgentConfig>(var problems) -> problems.toString();
        };
    }

    @Test
    void ramIsFoundInQemu() throws IOException {
        assertEquals(
                new AgentConfig.Machine.Qemu(
                        Optional.empty(),
                        128L << 20,
                        directory.resolve("vm1.qmp"),
                        directory.resolve("vm1.pid"),
                        List.of("qemu")),
                machine(HEAD + "    ramFile: auto\n    ramMiB: 128\n    qmpSocket: vm1.qmp\n    pidFile: vm1.pid\n"
                        + "    command: [qemu]\n"));
    }

    @Test
    void aNameAloneIsTheDomainThatLibvirtHasDefined() throws IOException {
        assertEquals(
                new AgentConfig.Machine.Domain(Path.of("/etc/libvirt/qemu/vm1.xml"), "qemu:///system"), machine(HEAD));
        assertEquals(new AgentConfig.Machine.Domain(directory.resolve("vm1.xml"), "qemu:///session"), machine(START));
    }

    @Test
    void whatHasNoMeaningIsRefusedWithItsPlace() throws IOException {
        String both = refusal(START + "    ramMiB: 128\n");
        assertTrue(both.contains("ramMiB: has no meaning beside start"), both);
        for (String wrong : List.of("''", "'qemu:/// system'", "\"a\\0b\"")) {
            String uri = refusal(START.replace("'qemu:///session'", wrong));
            assertTrue(uri.contains("start.uri"), uri);
        }
        assertFalse(refusal(HEAD.replace("vm1", "\"a\\0/../b\"")).isEmpty());
        String none = refusal(HEAD + "    start: {}\n");
        assertTrue(none.contains("start.libvirt"), none);
    }
}
