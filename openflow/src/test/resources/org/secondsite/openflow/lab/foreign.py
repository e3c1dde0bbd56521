"""A controller of somebody else, on os-ken: does what the lines of a file say, one after the other.

equal | master GENERATION | normal | alter | delete | group. Prints a line when the switch has worked each off.
"""
import os

from os_ken.base import app_manager
from os_ken.controller import ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.lib import hub
from os_ken.ofproto import ofproto_v1_3, ofproto_v1_4

VERSIONS = {"OpenFlow13": ofproto_v1_3, "OpenFlow14": ofproto_v1_4}


class Foreign(app_manager.OSKenApp):
    OFP_VERSIONS = [VERSIONS[os.environ["FOREIGN_VERSION"]].OFP_VERSION]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.switch = None
        self.done = 0
        hub.spawn(self.obey)

    @set_ev_cls(ofp_event.EventOFPSwitchFeatures, CONFIG_DISPATCHER)
    def connected(self, event):
        self.switch = event.msg.datapath
        print("connected", flush=True)

    @set_ev_cls(ofp_event.EventOFPBarrierReply, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def answered(self, event):
        print("done %d" % self.done, flush=True)

    @set_ev_cls(ofp_event.EventOFPErrorMsg, [CONFIG_DISPATCHER, MAIN_DISPATCHER])
    def refused(self, event):
        print("refused %d %d" % (event.msg.type, event.msg.code), flush=True)

    def obey(self):
        with open(os.environ["FOREIGN_COMMANDS"]) as commands:
            while True:
                line = commands.readline()
                if not line.endswith("\n") or self.switch is None:
                    commands.seek(commands.tell() - len(line))
                    hub.sleep(0.01)
                    continue
                self.carry_out(self.switch, line.split())
                self.done += 1
                self.switch.send_msg(self.switch.ofproto_parser.OFPBarrierRequest(self.switch))

    def carry_out(self, switch, words):
        ofproto, parser = switch.ofproto, switch.ofproto_parser
        normal = [parser.OFPInstructionActions(
            ofproto.OFPIT_APPLY_ACTIONS, [parser.OFPActionOutput(ofproto.OFPP_NORMAL)])]
        some = dict(datapath=switch, out_port=ofproto.OFPP_ANY, out_group=ofproto.OFPG_ANY)
        if words[0] == "equal":
            message = parser.OFPRoleRequest(switch, ofproto.OFPCR_ROLE_EQUAL, 0)
        elif words[0] == "master":
            message = parser.OFPRoleRequest(switch, ofproto.OFPCR_ROLE_MASTER, int(words[1]))
        elif words[0] == "normal":
            message = parser.OFPFlowMod(
                command=ofproto.OFPFC_ADD, priority=65000, instructions=normal, **some)
        elif words[0] == "alter":
            message = parser.OFPFlowMod(
                command=ofproto.OFPFC_MODIFY, table_id=0, instructions=normal, **some)
        elif words[0] == "delete":
            message = parser.OFPFlowMod(
                command=ofproto.OFPFC_DELETE, table_id=ofproto.OFPTT_ALL, **some)
        elif words[0] == "group":
            bucket = parser.OFPBucket(actions=[parser.OFPActionOutput(ofproto.OFPP_FLOOD)])
            message = parser.OFPGroupMod(
                switch, ofproto.OFPGC_ADD, ofproto.OFPGT_ALL, 7, [bucket])
        else:
            raise ValueError(words)
        switch.send_msg(message)
