package org.secondsite.management.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.management.Caller;
import org.secondsite.management.JudgedFile;
import org.secondsite.management.io.YangFile;
import org.secondsite.management.model.GatewayModel;

/** Another implementation of YANG, libyang's, takes the module, and what is read of the configuration. */
@Tag("lab")
class YanglintLabTest {
    private static final GatewayModel MODEL = YangFile.model();

    @TempDir
    private Path directory;

    /** Its exit code, and what it says. */
    private String lint(String... arguments) throws Exception {
        Path module = Files.writeString(
                directory.resolve(GatewayModel.NAME + "@" + GatewayModel.REVISION + ".yang"), MODEL.source());
        List<String> command = new ArrayList<>(List.of("yanglint", module.toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor() + said;
    }

    @Test
    void moduleIsInOrder() throws Exception {
        assertEquals("0", lint());
    }

    @ParameterizedTest
    @CsvSource({
        "everything.yaml, application/yang-data+json, json",
        "everything.yaml, application/yang-data+xml, xml",
        "otherwise.yaml, application/yang-data+json, json",
        "otherwise.yaml, application/yang-data+xml, xml"
    })
    void whatIsReadIsDataOfTheModule(String name, String accept, String format) throws Exception {
        requireData("config", "gateway", JudgedFile.resource(name), accept, format);
    }

    @ParameterizedTest
    @CsvSource({"application/yang-data+json, json", "application/yang-data+xml, xml"})
    void whatTheGatewayKnowsIsDataOfTheModule(String accept, String format) throws Exception {
        requireData("get", "status", JudgedFile.resource("everything.yaml"), accept, format);
    }

    /** Reads a container, and has yanglint accept what was read as data of that kind. */
    private void requireData(String kind, String container, String file, String accept, String format)
            throws Exception {
        HttpResponse response = new Restconf(MODEL, new JudgedFile(file))
                .answer(new HttpRequest(
                        "GET",
                        "/restconf/data/secondsite-gateway:" + container,
                        Map.of("accept", accept),
                        new byte[0],
                        new Caller("x", Caller.Role.VIEWER)));
        assertEquals(200, response.status());
        // Of which format it is yanglint knows by the name.
        Path data = Files.write(directory.resolve("data." + format), response.body());
        assertEquals("0", lint("-t", kind, data.toString()));
    }
}
