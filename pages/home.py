"""Home: one question, one finished board, three doors."""

import streamlit as st

from advviz import resources
from advviz.ui import doors, home, permalinks, preset_cards, running, setup, state, take_home
from advviz.ui.language import say

shown = setup.default()

st.html(home.question(shown))
left, right = st.columns([606, 560], gap="medium")
with left:
    place = st.empty()
with right:
    notice = st.empty()
    if figures := home.figures_beside(shown):
        st.html(figures)
    for label, file, why, chosen in doors.three(shown):
        with st.container(border=True, gap="xxsmall"):
            st.page_link(
                resources.pages() / file,
                label=label,
                icon=":material/arrow_forward:",
                query_params=chosen,
            )
            st.caption(why)
    st.button(
        say("Recompute"),
        on_click=state.ask_fresh,
        icon=":material/refresh:",
        help=say("These results came with advviz. Compute them anew, here and now."),
    )
finds = running.show(
    home.specs(shown), place, lambda finds: home.draw(shown, finds), fresh=state.fresh()
)
running.failures(finds)
if words := home.notice(shown, finds):
    notice.html(words)
preset_cards.offer()
take_home.offer(finds, permalinks.to_query(shown, "board", ()), [shown.board])
