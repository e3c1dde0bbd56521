package org.secondsite.openflow.ovsdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The database's side is what Open vSwitch 3.1 says. */
class DatabaseSessionTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long SECOND = 1_000_000_000L;
    static final String TOLD = """
            {"id":"monitor","error":null,"result":{
            "Bridge":{"b1":{"new":{"name":"br0","datapath_id":"0000000000000A01","fail_mode":["set",[]],
             "other_config":["map",[["datapath-id","0000000000000a01"]]],"controller":["uuid","c1"],
             "mirrors":["set",[["uuid","m1"],["uuid","gone"]]],"flow_tables":["map",[[0,["uuid","t1"]]]]}}},
            "Controller":{"c1":{"new":{"target":"tcp:127.0.0.1:6653","max_backoff":["set",[]],"inactivity_probe":7000}}},
            "Mirror":{"m1":{"new":{"name":"tap","select_all":false,"select_src_port":["uuid","p1"],
             "select_dst_port":["set",[]],"output_port":["set",[]]}}},
            "Port":{"p1":{"new":{"name":"vm1","interfaces":["uuid","i1"]}}},
            "Interface":{"i1":{"new":{"ofport":11}}},
            "Flow_Table":{"t1":{"new":{"flow_limit":18}}}}}
            """;
    private static final Bridge BRIDGE = new Bridge(
            "b1",
            "br0",
            "",
            false,
            List.of(new Bridge.Controller("c1", "tcp:127.0.0.1:6653", OptionalLong.empty(), OptionalLong.of(7000))),
            List.of(new Bridge.Mirror("m1", "tap", false, Set.of("vm1", "11"), Set.of())),
            Map.of(0, 18L));

    private final DatabaseSession session = new DatabaseSession();

    @Test
    void asksForWhatMattersAndReadsIt() throws Exception {
        JsonNode asked = sent(session.opened(0).getFirst());
        assertEquals("monitor", asked.get("method").asText());
        assertEquals("Open_vSwitch", asked.at("/params/0").asText());
        assertTrue(asked.at("/params/2/Bridge/columns").isArray());
        assertEquals(List.of(new DatabaseSession.Effect.Changed()), session.received(json(TOLD), 0));
        assertEquals(Optional.of(BRIDGE), session.bridge(0xa01));
        assertEquals(Optional.empty(), session.bridge(0xa02));
    }

    @Test
    void anUpdateReplacesARowAndRemovesOne() throws Exception {
        session.received(json(TOLD), 0);
        List<DatabaseSession.Effect> effects = session.received(json("""
                        {"id":null,"method":"update","params":["monitor",{
                        "Bridge":{"b1":{"old":{"fail_mode":["set",[]]},"new":{"name":"br0","datapath_id":"0000000000000a01",
                         "fail_mode":"secure","other_config":["map",[["disable-in-band","true"]]],"controller":["uuid","c1"],
                         "mirrors":["set",[]],"flow_tables":["map",[]]}}},
                        "Controller":{"c1":{"old":{"target":"tcp:127.0.0.1:6653"}}}}]}
                        """), 0);
        assertEquals(List.of(new DatabaseSession.Effect.Changed()), effects);
        assertEquals(
                Optional.of(new Bridge("b1", "br0", "secure", true, List.of(), List.of(), Map.of())),
                session.bridge(0xa01));
    }

    @Test
    void echoesAreAnsweredAndAskedForAndSilenceEndsIt() throws Exception {
        session.opened(0);
        JsonNode answer = sent(session.received(json("{\"id\":7,\"method\":\"echo\",\"params\":[\"x\"]}"), 0)
                .getFirst());
        assertEquals(json("{\"result\":[\"x\"],\"error\":null,\"id\":7}"), answer);
        assertEquals(List.of(), session.tick(SECOND));
        assertEquals(
                "echo", sent(session.tick(3 * SECOND).getFirst()).get("method").asText());
        assertInstanceOf(
                DatabaseSession.Effect.Close.class, session.tick(20 * SECOND).getFirst());
    }

    @Test
    void changesGoInOneTransactionWhoseRefusalIsTold() throws Exception {
        JsonNode sent = sent(session.mend(List.of(
                        new Remedy.SetText("Bridge", "b1", "fail_mode", "secure"),
                        new Remedy.SetNumber("Controller", "c1", "max_backoff", 1000),
                        new Remedy.SetOption("b1", "disable-in-band", "true"),
                        new Remedy.RemoveMirror("b1", "m1")))
                .getFirst());
        assertEquals(json("""
                        {"method":"transact","params":["Open_vSwitch",
                        {"op":"update","table":"Bridge","where":[["_uuid","==",["uuid","b1"]]],"row":{"fail_mode":"secure"}},
                        {"op":"update","table":"Controller","where":[["_uuid","==",["uuid","c1"]]],"row":{"max_backoff":1000}},
                        {"op":"mutate","table":"Bridge","where":[["_uuid","==",["uuid","b1"]]],"mutations":[
                         ["other_config","delete",["set",["disable-in-band"]]],
                         ["other_config","insert",["map",[["disable-in-band","true"]]]]]},
                        {"op":"mutate","table":"Bridge","where":[["_uuid","==",["uuid","b1"]]],"mutations":[
                         ["mirrors","delete",["uuid","m1"]]]}],
                        "id":"mend1"}
                        """).toString(), sent.toString());
        assertEquals(
                List.of(), session.received(json("{\"id\":\"mend1\",\"error\":null,\"result\":[{\"count\":1}]}"), 0));
        session.mend(List.of());
        assertInstanceOf(
                DatabaseSession.Effect.Refused.class,
                session.received(
                                json(
                                        "{\"id\":\"mend2\",\"error\":null,\"result\":[{},{\"error\":\"constraint violation\"},null]}"),
                                0)
                        .getFirst());
    }

    /** Whatever is said in place of what was expected: nothing is thrown. */
    @Test
    void noMessageThrows() throws Exception {
        String[] words = {"[]", "{}", "null", "1", "\"set\"", "[\"set\",1]", "[\"map\",[[1]]]", "[\"uuid\"]", "true"};
        for (long seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            String text = TOLD;
            for (int i = 0; i < 3; i++) {
                String[] parts = text.split("(?<=:)(?=[\"\\[{0-9])", -1);
                int at = 1 + random.nextInt(parts.length - 1);
                // Cuts the value's beginning off, which is not always JSON any more.
                parts[at] = words[random.nextInt(words.length)]
                        + parts[at].replaceFirst("^(\"[^\"]*\"|\\[[^\\]]*\\]|[0-9]+)", "");
                text = String.join("", parts);
            }
            JsonNode message;
            try {
                message = JSON.readTree(text);
            } catch (JsonProcessingException e) {
                continue;
            }
            DatabaseSession any = new DatabaseSession();
            any.received(message, 0);
            any.bridge(0xa01);
        }
    }

    private static JsonNode json(String text) throws JsonProcessingException {
        return JSON.readTree(text);
    }

    private static JsonNode sent(DatabaseSession.Effect effect) {
        return assertInstanceOf(DatabaseSession.Effect.Send.class, effect).message();
    }
}
