"""The verification workload: a video becomes character art in many processes, and every frame is checked."""
