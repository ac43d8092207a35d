"""Story: ten minutes in six screens, for the arrow keys, a projector, and paper."""

import streamlit as st

from advviz.ui import permalinks, running, setup, story, take_home

shown = setup.default()

story.style()
story.keys()
place = st.empty()
finds = running.show(story.specs(shown), place, lambda finds: story.draw(shown, finds))
running.failures(finds)
take_home.offer(finds, permalinks.to_query(shown, "board", ()), [shown.board])
